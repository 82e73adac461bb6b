"""`python tests/compatibility/crooked`: the server as a process of its own."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[3])  # where `tests` lies, whatever the folder it is started in

from tests.compatibility.crooked.server import main

main()
