"""The second step of the action; what it does lies beside it, in `steps`."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Python runs isolated (-I), and then its path has no folder of the script's.
    sys.path.append(str(Path(__file__).resolve().parent))
    from steps.run import main

    sys.exit(main())
