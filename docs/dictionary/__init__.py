"""The data dictionary: every mart and column, as one page that needs no network."""
