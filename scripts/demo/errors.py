"""What can keep the demo from running; every message is one that a person can act on.

DemoError
├── SettingError      a VIGIE_… value cannot be used
├── PortTakenError    somebody else listens where the demo should
├── HomeBusyError     another demo runs in the same folder
├── NoSpaceError      the disk is full, or nearly
└── PartError         a part ended, or did not become ready
"""


class DemoError(Exception):
    """The demo cannot go on; the message says why and what to do."""


class SettingError(DemoError):
    """A VIGIE_… value cannot be used."""


class PortTakenError(DemoError):
    """Somebody else listens where the demo should."""


class HomeBusyError(DemoError):
    """Another demo runs in the same folder."""


class NoSpaceError(DemoError):
    """The disk is full, or nearly."""


class PartError(DemoError):
    """A part ended, or did not become ready."""
