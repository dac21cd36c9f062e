"""What can go wrong with a quiz, each with a message for the person in front of it."""


class HumanError(ValueError):
    """Something about a quiz is not as it should be; the message says what came and what to do."""


class UnknownCodeError(HumanError):
    """A code that no run or class has."""


class WrongClassError(HumanError):
    """A code that belongs to a run of another class."""


class PassphraseError(HumanError):
    """A passphrase that is too short, or not the one of the class."""


class TooManyTriesError(PassphraseError):
    """Too many wrong passphrases of a class in a row; the message says how long to wait."""


class AnswerRefusedError(HumanError):
    """An answer that cannot be taken; whatever was stored before is as it was."""


class NotShownError(AnswerRefusedError):
    """An answer to a face that this run has not shown."""


class AnsweredOtherwiseError(AnswerRefusedError):
    """A second, different answer to a face."""


class DatabaseUnavailableError(HumanError):
    """The database is locked, full, damaged, gone or out of reach; nothing that was confirmed is lost."""


class DatabaseTooNewError(DatabaseUnavailableError):
    """The database was written by a newer version of the program."""


class ImportRefusedError(HumanError):
    """A table from elsewhere that does not fit; the message names the row and the column. Nothing of it was stored."""
