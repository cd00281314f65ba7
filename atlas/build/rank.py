"""Rank: measure every unit of the chosen layers over the probe set."""

from msgspec import UNSET
from msgspec.structs import asdict

from atlas.build.clarity import write_clarity
from atlas.build.identity import describe
from atlas.build.names import forget_labels, keep_classes, label_images, name_classes, noted
from atlas.build.probe import probe_set
from atlas.build.request import check_unit, chosen_layers, left_out, ranks_wanted
from atlas.build.run_settings import Slope, write_run_settings
from atlas.build.session import Session
from atlas.build.spectrum import keep_spectrum
from atlas.build.unit_statistics import measure_units
from atlas.probe import stimuli
from atlas.probe.probe_set import ProbeSet
from atlas.rank.ranking import ranking_table
from atlas.run.folder import Run
from atlas.run.identity import check_identity
from atlas.run.notes import write_notes
from atlas.run.schema import Identity


def rank(session: Session) -> None:
    """Measure the units that the run knows nothing of yet; rank all."""
    settings, network, run = session.settings, session.network, session.run
    probe = probe_set(session)
    check_identity(run, Identity(**asdict(session.making), probe=probe.digest))
    label_images(session, probe)
    classes = name_classes(session)
    session.verify([layer.name for layer in chosen_layers(session)])
    layers = chosen_layers(session)  # as they are by the way that was found
    for layer, unit in settings.units or ():
        check_unit(network.layer(layer), unit)
    for recipe in settings.recipes_asked().values():
        recipe.ladder(network.sizes)  # refuses before hours of ranking, not after
    left_out(session)  # likewise
    notes = noted(session, layers)
    if probe.fallback:
        session.say(f"NOTICE: {probe.fallback}")  # before hours of work, not after
    known, slope = _measured(session)
    _recall_skipped(run, probe)
    forget_labels(session, probe)
    write_run_settings(session, probe, slope)
    keep_classes(session, classes)

    names = [layer.name for layer in layers]
    if set(names) - known:
        with session.timed("rank"):
            slope = measure_units(run, network, session.judge, probe, names, session.progress)
        write_run_settings(session, probe, slope)
        write_clarity(run)
    elif not run.has("clarity.csv"):  # of a run from before it was measured
        write_clarity(run)
    keep_spectrum(session, probe)
    # Not before: layers whose measurement was interrupted are none of the run's.
    run.write_json("network", describe(network, layers))
    if notes:
        write_notes(run, notes)
    for remark in probe.remarks:
        session.say(remark)
    assumed = [f"{name}: {what}" for name, what in sorted(probe.assumed.items())]
    skipped = [f"skipped {file}: {reason}" for file, reason in probe.skipped]
    for line in _first_few(assumed, "like these") + _first_few(skipped, "in skipped.csv"):
        session.say(line)
    run.write_table("ranking", ranking_table(run.table("activations"), ranks_wanted(session)))


def _measured(session: Session) -> tuple[set[str], Slope]:
    """The layers of which the run has all that ranking leaves, and the slopes of the set."""
    run = session.run
    if run.has("run.json") and run.has("tuning.csv"):
        kept = run.settings()
        if (
            kept.probe.slope is not UNSET
            and run.has("responses.npy")
            and kept.judge == session.judge_sha256
            and (kept.probe.synthetic or _has_strongest_stimuli(run))
        ):
            return set(run.table("tuning")["layer"]), kept.probe.slope
    return set(), UNSET


def _has_strongest_stimuli(run: Run) -> bool:
    """Whether the run knows what stimuli excite its units, of those there are now."""
    return run.has("strongest_stimuli.csv") and run.settings().stimuli == stimuli.digest()


def _first_few(lines: list[str], others: str, most: int = 3) -> list[str]:
    """Some lines of a log, and how many more there are, of what kind or where."""
    rest = len(lines) - most
    return lines if rest <= 0 else [*lines[:most], f"and {rest} more {others}"]


def _recall_skipped(run: Run, probe: ProbeSet) -> None:
    """Leave out the images that an earlier ranking of this probe set could not decode."""
    if run.has("skipped.csv"):
        reasons = dict(run.table("skipped").itertuples(index=False, name=None))
        for index, name in enumerate(probe.names):
            if name in reasons:
                probe.skip(index, reasons[name])
