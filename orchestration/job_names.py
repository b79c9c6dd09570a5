"""Names of the jobs, apart from the definitions, so that naming one loads nothing heavy."""

DAILY_BUILD = "daily_build"
MONTHLY_CLOSE = "monthly_close"
INGESTION = "ingestion"
REBUILD = "rebuild"
DELIVERIES = "deliveries"
