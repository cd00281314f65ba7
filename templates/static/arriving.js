// Before the first paint: an address that names what to compare. compare.js shows the rest.
if (/[?&](layers|units)=[^&]/.test(location.search)) document.documentElement.classList.add("arriving");
