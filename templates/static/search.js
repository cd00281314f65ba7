// What "Go to" finds: layers and units by name, and units by what is known of them. It is loaded
// after data/find.js, when somebody searches.
(() => {
  "use strict";

  const { layers, called, plain, places } = window.atlas, index = window.atlasIndex;

  const LONG = 3;  // letters from which a word may be found inside of others

  // Facts: their kind, their words, and how a line tells of them.
  const facts = index.facts.map(([kind, text]) => (
    { kind, text: text.toLowerCase(), line: index.kinds[kind].replace("{}", () => text) }
  ));

  const units = index.layers.flatMap(([slug, ranked, pictured, tiles, known], place) => {
    const folders = new Map(pictured.map(([number, ...made]) => [number, made]));
    const small = new Set(tiles), ranks = new Map(ranked.map((number, order) => [number, order + 1]));
    return known.map((own, number) => ({
      layer: layers[place], depth: place, slug, number, rank: ranks.get(number), folders: folders.get(number) || [],
      tile: small.has(number), facts: own.map((said) => ({ ...facts[Math.floor(said / 10)], id: Math.floor(said / 10), strength: said % 10 })),
    }));
  });
  const of = (layer) => units.filter((unit) => unit.layer === layer).sort((a, b) => a.rank - b.rank);

  const seen = (unit) => (unit.folders.length ? 2 : unit.tile ? 1 : 0);

  // By name: every unit of a number where no layer is said, those with pictures first.
  const named = (text) => {
    const found = [];
    if (/^\d+$/.test(text)) {
      found.push(...units.filter(({ number }) => number === Number(text)).sort((a, b) => seen(b) - seen(a)));
    }
    for (const { layer, unit } of places(text)) {
      if (unit === null) found.push({ layer }, ...of(layer).filter((each) => each.folders.length));
      else found.push(...units.filter((each) => each.layer === layer && each.number === unit));
    }
    const begun = plain(text);
    if (begun) layers.forEach((layer, place) => {
      if (called[place].some((name) => name.startsWith(begun))) found.push({ layer });
    });
    return found;
  };

  // How well a word fits a text: 3 as a whole, 2 as the beginning of a word, 1 inside.
  const fit = (word, text) => {
    if (text === word) return 3;
    const at = text.indexOf(word);
    if (at < 0) return 0;
    for (let from = at; from >= 0; from = text.indexOf(word, from + 1)) {
      if (from === 0 || !/[\p{L}\p{N}]/u.test(text[from - 1])) return 2;
    }
    return word.length >= LONG ? 1 : 0;
  };

  // By words: each must fit a fact of the unit or name its layer, and one of them a fact.
  const told = (text) => {
    const asked = text.split(/\s+/).filter(Boolean);
    const whole = facts.map((fact) => fit(text, fact.text));
    const fits = asked.map((word) => facts.map((fact) => fit(word, fact.text)));
    const named = asked.map((word) => new Set(layers.filter((_, place) => called[place].includes(plain(word)))));
    const found = [];
    for (const unit of units) {
      const best = (scores) => unit.facts.reduce((most, fact) => (scores[fact.id] > (most ? scores[most.id] : 0) ? fact : most), null);
      const together = best(whole);
      if (together) {
        found.push({ ...unit, why: [together.line], worth: 3 + whole[together.id], best: together });
        continue;
      }
      const each = asked.map((_, word) => best(fits[word]));
      const meant = each.filter((fact, word) => fact && !named[word].has(unit.layer));
      if (!meant.length || !asked.every((_, word) => each[word] || named[word].has(unit.layer))) continue;
      found.push({
        ...unit, why: [...new Set(meant.map(({ line }) => line))], best: meant[0],
        worth: Math.min(...asked.map((_, word) => (each[word] ? fits[word][each[word].id] : 3))),
      });
    }
    return found.sort((a, b) => b.worth - a.worth || seen(b) - seen(a) || a.best.kind - b.best.kind ||
      b.best.strength - a.best.strength || a.depth - b.depth || a.rank - b.rank);
  };

  window.atlas.search = (text) => {
    const asked = text.trim().toLowerCase(), known = new Set(), key = ({ layer, number }) => `${layer.href} ${number}`;
    return asked ? [...named(asked), ...told(asked)].filter((each) => !known.has(key(each)) && known.add(key(each))) : [];
  };
  window.atlas.pictured = () => units.filter(({ folders }) => folders.length);
  window.atlas.firstOf = (layer) => of(layer).find(({ folders }) => folders.length);
})();
