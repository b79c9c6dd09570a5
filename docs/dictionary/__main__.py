"""Write the offline pages from dbt's artifacts, or count what is described.

python -m docs.dictionary TARGET FOLDER     the pages, from what `dbt docs generate --static` left in TARGET
python -m docs.dictionary --count MANIFEST  how many marts, columns and models are described and typed
"""

import json
import sys
from pathlib import Path

from docs.dictionary.contents import contents, coverage
from docs.dictionary.page import render, without_tracker


def main(arguments: list[str]) -> None:
    """Do what the module says."""
    first, second = arguments
    if first == "--count":
        for line in coverage(json.loads(Path(second).read_bytes())):
            print(line)
        return
    manifest = json.loads((Path(first) / "manifest.json").read_bytes())
    catalog = json.loads((Path(first) / "catalog.json").read_bytes())
    folder = Path(second)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dictionary.html").write_text(render(contents(manifest, catalog)))
    own = (Path(first) / "static_index.html").read_text()
    (folder / "index.html").write_text(without_tracker(own))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1:])
