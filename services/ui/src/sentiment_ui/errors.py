"""What can stand between the visitor and an answer.

PageError
├── ApiAwayError          nobody answered, or too late
├── NotReadyError         the API runs, but no version answers yet
├── ForeignTextError      the version in service does not know the tweet's language
├── RejectedError         the API understood and refused, with a reason
├── AlreadyReportedError  an earlier try of this report is on record after all
└── UnexpectedAnswerError something answered that does not keep the contract
"""


class PageError(Exception):
    """An answer could not be had; the message is written for the visitor."""


class ApiAwayError(PageError):
    """Nobody answered, or too late."""


class NotReadyError(PageError):
    """The API runs, but no version answers yet."""


class RejectedError(PageError):
    """The API understood and refused, with a reason."""


class AlreadyReportedError(PageError):
    """An earlier try of this report is on record after all."""


class UnexpectedAnswerError(PageError):
    """Something answered that does not keep the contract."""


class ForeignTextError(PageError):
    """The tweet is in a language that the version in service does not know."""
