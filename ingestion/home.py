"""The home folder: where everything that the product writes lives."""

from dataclasses import dataclass
from pathlib import Path

from ingestion import durable, encryption, engine
from ingestion.contract import Dataset
from ingestion.sources.entities import SOURCES
from ingestion.sources.inputs import INPUTS

# A home from before a column came to be has one of another name, without it.
# Spark takes a name that begins with an underscore for none of its business.
SCHEMA_FILE = "schema_3.parquet"


@dataclass(frozen=True)
class Home:
    """Paths under one root; nothing is created before `prepare`."""

    root: Path

    @property
    def landing(self) -> Path:
        """Default landing folder, one folder per dataset in it."""
        return self.root / "landing"

    @property
    def raw(self) -> Path:
        """Loaded rows: one immutable Parquet file per loaded file, in a folder per dataset."""
        return self.root / "raw"

    @property
    def quarantine(self) -> Path:
        """Rejected rows and files with the reasons, in a folder per dataset."""
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        """The database that the models are built in."""
        return self.root / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """Folder of the database that readers open."""
        return self.root / "published"

    @property
    def published_database(self) -> Path:
        """The database that readers open; swapped in whole."""
        return self.published / "scorehouse.duckdb"

    @property
    def reports(self) -> Path:
        """Rendered reports, in a folder per month."""
        return self.root / "reports"

    @property
    def outbox(self) -> Path:
        """Messages on their way out."""
        return self.root / "outbox"

    @property
    def records(self) -> Path:
        """The ledger, the closed months, and who is meant in the ledger."""
        return self.root / "records"

    @property
    def dagster(self) -> Path:
        """State of the orchestrator."""
        return self.root / "dagster"

    @property
    def scratch(self) -> Path:
        """Temporary files; empty while nothing runs."""
        return self.root / "scratch"

    @property
    def ledger(self) -> Path:
        """The chain of everything that was recorded, one JSON line per record."""
        return self.records / "ledger.ndjson"

    @property
    def people(self) -> Path:
        """Whom the tokens in the ledger stand for."""
        return self.records / "people.json"

    @property
    def erased(self) -> Path:
        """Whose rows are kept out because they were erased; nobody is named."""
        return self.records / "erased.json"

    @property
    def landing_scan(self) -> Path:
        """What lay in the landing folder at the last ingestion."""
        return self.records / "landing_scan.json"

    def raw_folder(self, dataset: str) -> Path:
        """Folder of the raw files of one dataset."""
        return self.raw / dataset

    def quarantine_folder(self, dataset: str) -> Path:
        """Folder of the quarantine files of one dataset."""
        return self.quarantine / dataset

    def quarantine_file(self, dataset: str, load_id: str) -> Path:
        """The rejected rows of one load; in an encrypted home it is sealed, as its name says."""
        suffix = encryption.SUFFIX if encryption.is_encrypted(self.root) else ""
        return self.quarantine_folder(dataset) / f"{load_id}.csv{suffix}"

    def prepare(self) -> None:
        """Create what is missing: folders, an empty ledger, and a zero-row raw file per dataset.

        The zero-row file makes a reader's pattern over a dataset's folder always match. Repeating
        it changes nothing.
        """
        for folder in (
            self.root,
            self.landing,
            self.raw,
            self.quarantine,
            self.published,
            self.reports,
            self.outbox,
            self.records,
            self.dagster,
            self.scratch,
            *(root / source for root in (self.raw, self.quarantine) for source in SOURCES),
            *(self.raw_folder(name) for name in INPUTS),
            *(self.quarantine_folder(name) for name in INPUTS),
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ledger.touch(mode=0o600)
        missing = [
            dataset
            for dataset in INPUTS.values()
            if not (self.raw_folder(dataset.name) / SCHEMA_FILE).exists()
        ]
        if missing:
            self._write_schemas(missing)

    def _write_schemas(self, datasets: list[Dataset]) -> None:
        with engine.scratch_folder(self.scratch) as folder, engine.connection(folder) as opened:
            for dataset in datasets:
                columns = ", ".join(
                    f"CAST(NULL AS {sql_type}) AS {engine.identifier(name)}"
                    for name, sql_type in raw_columns(dataset)
                )
                final = self.raw_folder(dataset.name) / SCHEMA_FILE
                written = durable.temporary_beside(final)
                engine.write_parquet(opened, f"SELECT {columns} WHERE false", written)
                durable.put_in_place(written, final)


def holds_no_load(raw_file: Path) -> bool:
    """Whether a raw file is the zero-row one of `Home.prepare`, of this version or one before."""
    return raw_file.name.startswith(("_schema", "schema_"))


def raw_columns(dataset: Dataset) -> list[tuple[str, str]]:
    """(name, DuckDB type) of every column of a dataset's raw files, in order."""
    contract = [
        (column.name, column.sql_type) for column in (*dataset.columns, *dataset.mapped_columns)
    ]
    return [*contract, ("load_id", "VARCHAR"), ("row_number", "BIGINT")]
