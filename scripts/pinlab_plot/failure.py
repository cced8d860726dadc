"""What ends a command: an exit code of results/README.md, and sentences for the user."""


class Failure(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
