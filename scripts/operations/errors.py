"""What can keep an operation from its end; every message is one that a person can act on.

OperationError
├── SettingError         a setting cannot be used
├── EngineError          Docker is missing, too old, or does not answer
├── StackError           a part of the stack is missing or does not become well
├── CommandError         a program that was needed ended with an error
├── BusyError            another operation runs
├── NoRoomError          the disk has too little room
├── ArchiveError         a backup cannot be used
│   ├── DamagedError     what it holds is not what was written
│   └── TooNewError      it was made by a newer Vigie
└── DeclinedError        a person said no, or nobody could be asked
"""


class OperationError(Exception):
    """The operation cannot go on; the message says why and what to do."""


class SettingError(OperationError):
    """A setting cannot be used."""


class EngineError(OperationError):
    """Docker is missing, too old, or does not answer."""


class StackError(OperationError):
    """A part of the stack is missing or does not become well."""


class CommandError(OperationError):
    """A program that was needed ended with an error."""


class BusyError(OperationError):
    """Another operation runs."""


class NoRoomError(OperationError):
    """The disk has too little room."""


class ArchiveError(OperationError):
    """A backup cannot be used."""


class DamagedError(ArchiveError):
    """What it holds is not what was written."""


class TooNewError(ArchiveError):
    """It was made by a newer Vigie."""


class DeclinedError(OperationError):
    """A person said no, or nobody could be asked."""
