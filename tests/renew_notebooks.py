"""Run every shipped notebook alone, in the sandbox, and commit what it shows.

    make notebooks        then look at the diff

Outputs are what strict nbval compares; everything that differs from run to run
(times, kernels' metadata) is left out of the files.
"""

import json
import sys
from itertools import chain
from pathlib import Path

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # see without_slow_import

import nbformat
from nbclient import NotebookClient

FOLDERS = [Path(__file__).parents[1] / name for name in ("notebooks", "runbooks")]
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def renew(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=300,
        store_widget_state=False,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        for output in cell.get("outputs", ()):
            output.pop("metadata", None) if output["output_type"] == "stream" else output.update(metadata={})
    notebook.metadata = METADATA
    path.write_text(
        json.dumps(json.loads(nbformat.writes(notebook)), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    wanted = sys.argv[1:]
    for found in sorted(chain.from_iterable(folder.glob("*.ipynb") for folder in FOLDERS)):
        if not wanted or found.stem in wanted:
            print(found.name, flush=True)
            renew(found)
