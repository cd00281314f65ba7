"""What the environment must say before torch is loaded."""

import os


def prepare() -> None:
    """Set the variables that the user has not set."""
    # Threads that wait for each other asleep, not spinning: a build is slower by a quarter on an
    # idle machine, but ten times as fast when other programs run beside it.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    # What torch logs of its own accord of a group that cannot be joined, the error says too.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "FATAL")
    # So that the leader ranks with all cores: torchrun sets 1 where nobody has set anything.
    if "TORCHELASTIC_RUN_ID" in os.environ and os.environ.get("OMP_NUM_THREADS") == "1":
        del os.environ["OMP_NUM_THREADS"]
