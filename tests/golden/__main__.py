"""`make golden`: write tests/golden/*.csv anew; the diff is what is to be reviewed."""

import tempfile
from pathlib import Path

from orchestration.project import refresh_manifest
from tests.golden.marts import GOLDEN, close_twice, csv_texts

if __name__ == "__main__":
    refresh_manifest()
    with tempfile.TemporaryDirectory() as folder:
        texts = csv_texts(close_twice(Path(folder)))
    for path in GOLDEN.glob("*.csv"):
        path.unlink()
    for mart, text in texts.items():
        (GOLDEN / f"{mart}.csv").write_text(text)
