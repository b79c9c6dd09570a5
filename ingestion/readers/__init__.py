"""One reader per landing format; each leaves the same two relations behind.

`landed`: the rows as text, as `ingestion.validation` wants them. `refused`: what could not be read
as a row: row_number, line_number, column, value, reason, record.
"""
