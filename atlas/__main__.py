"""The program: ``python -m atlas`` and the console script ``atlas``."""

from atlas._system import signals, streams


def main() -> int:
    """Run the command line; an interrupt while the libraries load ends it at once."""
    streams.open_streams()
    signals.leave_at_once()
    from atlas import cli

    return cli.main()


if __name__ == "__main__":
    raise SystemExit(main())
