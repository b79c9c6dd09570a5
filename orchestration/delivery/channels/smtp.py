"""E-mail over SMTP. It matters where a conversation broke off: before the message was handed over, or after."""

import re
import smtplib
import ssl

from orchestration.delivery.channels import Outcome
from orchestration.delivery.composing import Outgoing, mail
from orchestration.delivery.settings import Smtp

_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


class SmtpChannel:
    """One connection, kept for as long as the server keeps it."""

    def __init__(self, settings: Smtp, sender: str, password: str | None) -> None:
        """Nothing is opened yet."""
        self._settings, self._sender, self._password = settings, sender, password
        self._open: smtplib.SMTP | None = None

    def send(self, message: Outgoing, key: str) -> Outcome:
        """Hand over one mail. Only an answer to its end is an acceptance; no answer to it leaves it open."""
        if not message.address.isascii():
            return Outcome("refused", "the address has letters that e-mail servers do not take")
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException) as problem:
            self.close()
            return Outcome("later", f"connecting: {_said(problem)}", is_down=True)
        handed_over = False
        try:
            self._expect(server.mail(self._sender), 250)
            self._expect(server.rcpt(message.address), 250, 251)
            self._expect(server.docmd("DATA"), 354)
            handed_over = True
            content = mail(message, self._sender, for_seven_bits=True)
            server.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
            self._expect(server.getreply(), 250)
        except smtplib.SMTPResponseException as reply:
            return self._answered(server, reply)
        except (OSError, smtplib.SMTPException) as problem:
            self.close()
            return Outcome("unknown" if handed_over else "later", _said(problem))
        return Outcome("accepted")

    def close(self) -> None:
        """Say goodbye if the server still listens."""
        server, self._open = self._open, None
        if server is not None:
            try:
                server.quit()
            except (OSError, smtplib.SMTPException):
                server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._open is not None:
            try:
                if self._open.noop()[0] == 250:
                    return self._open
            except (OSError, smtplib.SMTPException):
                pass
            self.close()
        settings = self._settings
        context = ssl.create_default_context(cafile=settings.ca_file)
        where = (settings.host, settings.port)
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                *where, timeout=settings.timeout_seconds, context=context
            )
        else:
            server = smtplib.SMTP(*where, timeout=settings.timeout_seconds)
        self._open = server
        server.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            # A server that does not offer it is an error: a message is never sent in clear instead.
            server.starttls(context=context)
        if settings.user is not None and self._password is not None:
            server.login(settings.user, self._password)
        return server

    def _expect(self, reply: tuple[int, bytes], *codes: int) -> None:
        if reply[0] not in codes:
            raise smtplib.SMTPResponseException(*reply)

    def _answered(self, server: smtplib.SMTP, reply: smtplib.SMTPResponseException) -> Outcome:
        """An answer leaves nothing open: below 500 it is for now, from 500 for good."""
        said = _said(reply)
        if reply.smtp_code == -1:
            # What smtplib makes of a line that is no reply: nobody knows what it was the reply to.
            self.close()
            return Outcome("unknown", said)
        if reply.smtp_code == 421:
            self.close()
            return Outcome("later", said, is_down=True)
        try:
            server.rset()
        except (OSError, smtplib.SMTPException):
            self.close()
        return Outcome("later" if reply.smtp_code < 500 else "refused", said)


def _said(problem: Exception) -> str:
    """What went wrong, in one line without anybody's address."""
    if isinstance(problem, smtplib.SMTPResponseException):
        error = problem.smtp_error
        text = error.decode("utf-8", "replace") if isinstance(error, bytes) else str(error)
        text = f"{problem.smtp_code} {text}"
    else:
        text = str(problem) or type(problem).__name__
    return _ADDRESS.sub("(address)", " ".join(text.split()))[:300]
