"""What ends a command: an exit code of results/README.md, and sentences for the user."""

from pinlab_failure import Failure

__all__ = ["Failure"]
