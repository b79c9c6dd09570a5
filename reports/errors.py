"""Errors whose text is meant for the person who can do something about them."""


class ReportError(Exception):
    """A report cannot be made; the message says what is wrong and the way out."""


class PageError(ReportError):
    """A page or message template is wrong, at a known file and line."""

    def __init__(self, page: str, line: int, cause: str) -> None:
        """Keep the parts, so that a caller can show them apart.

        page: path of the template inside the reports folder; line: 1-based; cause: one sentence.
        """
        super().__init__(f"{page}:{line}: {cause}")
        self.page = page
        self.line = line
        self.cause = cause

    def __reduce__(self) -> tuple[type["PageError"], tuple[str, int, str]]:
        """Let another process raise it."""
        return PageError, (self.page, self.line, self.cause)


class ComponentError(Exception):
    """A component call is wrong; becomes a PageError once its page and line are known."""
