"""What people call things: classes of probe images and of the network, notes on units."""

from collections.abc import Sequence

from atlas._system.paths import as_path
from atlas.build.session import Session
from atlas.errors import UsageError
from atlas.network.layer import Layer
from atlas.network.outputs import count_outputs
from atlas.probe.labels import read_labels
from atlas.probe.probe_set import ProbeSet
from atlas.run.classes import image_classes, read_classes, write_class_names
from atlas.run.notes import Notes, kept_notes, read_notes


def label_images(session: Session, probe: ProbeSet) -> None:
    """Give the images their classes: by the file asked for, else as the run has them, if it does.

    Raises UsageError for a file that does not fit the probe set.
    """
    asked, run = session.settings.labels, session.run
    if asked is not None:
        others = {file for file, _ in probe.skipped}
        probe.labels = read_labels(as_path(asked), probe.names, others)
    elif run.has("probe.csv"):
        probe.labels = image_classes(run) or probe.labels


def forget_labels(session: Session, probe: ProbeSet) -> None:
    """Remove the labels of units from the run, where the images had other classes."""
    run = session.run
    if run.has("labels.csv") and run.has("probe.csv"):
        shown = {*run.table("probe")["image"]}
        now = {name: label for name, label in probe.labels.items() if name in shown}
        if image_classes(run) != now:
            run.remove("labels.csv")


def name_classes(session: Session) -> Sequence[str]:
    """The names of the network's classes: of the file asked for, or of its weights; or none.

    Raises UsageError for a file that does not fit the network.
    """
    asked, network = session.settings.classes, session.network
    if asked is None:
        return network.weights.categories
    outputs = count_outputs(network)
    if outputs is None:
        raise UsageError(
            f"{network.name} gives no row of numbers for an image, and so no classes; leave out "
            "--classes"
        )
    return read_classes(as_path(asked), outputs)


def keep_classes(session: Session, names: Sequence[str]) -> None:
    """Keep the names of the network's classes, where they are known; a file's go before others."""
    run = session.run
    if names and (session.settings.classes is not None or not run.has("classes.csv")):
        write_class_names(run, names)


def noted(session: Session, layers: Sequence[Layer]) -> Notes:
    """The notes of the run, and over them those of the file asked for, by depth and unit.

    Raises UsageError for a file with notes on units that there are not.
    """
    asked, units = session.settings.notes, {layer.name: layer.units for layer in layers}
    notes = kept_notes(session.run) | (read_notes(as_path(asked), units) if asked else {})
    depths = {name: depth for depth, name in enumerate(units)}
    return dict(sorted(notes.items(), key=lambda note: (depths.get(note[0][0], 0), note[0][1])))
