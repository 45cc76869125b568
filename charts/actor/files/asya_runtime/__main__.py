

from __future__ import annotations

import os
import sys


def main() -> int:





    package = os.path.dirname(os.path.abspath(__file__))
    ours, here = os.path.dirname(package), os.getcwd()
    others = [entry for entry in sys.path if os.path.abspath(entry) not in (package, ours, here)]
    sys.path[:] = [*others, ours]
    from asya_runtime.supervisor import supervise
    from asya_runtime.worker import work

    outcome = supervise(os.environ)
    if isinstance(outcome, int):
        return outcome
    sys.path.insert(0, here)
    settings, post = outcome
    return work(settings, post, os.environ)


if __name__ == "__main__":
    sys.exit(main())
