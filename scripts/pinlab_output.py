"""Files that are written whole or not at all: they have no name until they are whole, as those of harness/output_file.hpp.

    output = Output("page.html")      # fails here, before the work, where it cannot be written
    output.file.write(b"...")
    output.place()                    # fsync, then the name; a file of that name is replaced in one step
    output.drop()                     # does nothing after place()

A process that is killed leaves nothing behind. Where the file system has no files without a name, and for the instant in
which a file replaces another one, it is called NAME.partPROCESS; the next to write NAME removes what processes that are
gone left of it.
"""

import contextlib
import errno
import os
import stat

import pinlab_failure

OF_A_SWEEP = ("manifest.json", "matrix.json", "events.jsonl", "lock", "exact.json", "results.csv")


def failure(path, error):
    return pinlab_failure.Failure(7, f"{path}: it cannot be written: {error.strerror}")


class Output:
    def __init__(self, path):
        self.path, self.part = os.fspath(path), f"{os.fspath(path)}.part{os.getpid()}"
        self.has_part, self.is_device = False, False
        try:
            self.file = self._open()
        except OSError as error:
            raise failure(self.path, error) from None

    def _open(self):
        try:
            mode = os.stat(self.path).st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None and stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if mode is not None and not stat.S_ISREG(mode):
            self.is_device = True
            return open(self.path, "wb")
        self._sweep()
        folder, name = os.path.split(self.path)
        if not name:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        try:
            file = os.fdopen(os.open(folder or ".", os.O_WRONLY | os.O_TMPFILE | os.O_CLOEXEC, 0o666), "wb")
            if os.path.exists(f"/proc/self/fd/{file.fileno()}"):
                return file
            file.close()
        except OSError:
            pass  # not this file system
        file = open(self.part, "xb")
        self.has_part = True
        return file

    def _sweep(self):
        folder, name = os.path.split(self.part)
        begin = name[:-len(str(os.getpid()))]
        try:
            left = [entry for entry in os.listdir(folder or ".") if entry.startswith(begin) and entry[len(begin):].isdigit()]
        except OSError:
            return  # it is a courtesy
        for entry in left:
            try:
                os.kill(int(entry[len(begin):]), 0)
            except ProcessLookupError:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(folder, entry))
            except OSError:
                pass  # it is there, and another user's

    def _link(self, name):
        # A descriptor of a folder, which an absolute path does not look at, makes Python follow the link.
        os.link(f"/proc/self/fd/{self.file.fileno()}", name, src_dir_fd=self.file.fileno(), follow_symlinks=True)

    def place(self):
        try:
            self.file.flush()
            if not self.is_device:
                os.fsync(self.file.fileno())
                self._name()
            self.file.close()
        except OSError as error:
            self.drop()
            raise failure(self.path, error) from None

    def _name(self):
        if not self.has_part:
            try:
                self._link(self.path)
                return
            except FileExistsError:  # only a rename replaces it in one step
                self.has_part = True
                self._link(self.part)
        os.replace(self.part, self.path)
        self.has_part = False

    def drop(self):
        with contextlib.suppress(OSError):  # what could not be written is not wanted
            self.file.close()
        if self.has_part:
            self.has_part = False
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.part)


def write(path, text):
    """Whole or not at all."""
    output = Output(path)
    try:
        output.file.write(text.encode("utf-8"))
        output.place()
    except OSError as error:
        raise failure(path, error) from None
    finally:
        output.drop()


def refuse(outputs, inputs):
    """No output may be an input or a part of one, and no two may be the same file."""
    seen = {}
    for path in filter(None, outputs):
        real = os.path.realpath(path)
        if os.path.exists(real) and not os.path.isfile(real):
            continue  # a device takes several; a folder is refused where it is opened
        if real in seen:
            raise pinlab_failure.Failure(2, f"{path} is to be written twice: give each output a file of its own")
        seen[real] = path
        for source in filter(None, inputs):
            below = os.path.relpath(real, os.path.realpath(source)).split(os.sep)
            if below == ["."] or below[0] == "cells" or below[-1] in OF_A_SWEEP and below[:-1] in ([], ["base"], ["new"]):
                raise pinlab_failure.Failure(2, f"{path}: it is {'what is read' if below == ['.'] else f'a part of {source}'}, and would be lost")
