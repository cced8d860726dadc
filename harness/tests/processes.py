"""What tests wait for in processes that run: a state that they come to, never a time that passes."""

import pathlib
import resource
import time

GUARD = 120  # seconds, after which what a test waits for is taken not to come


def wait_for(what, holds):
    until = time.monotonic() + GUARD
    while not holds():
        if time.monotonic() > until:
            raise AssertionError(f"{what}: this did not come in {GUARD} s")
        time.sleep(0.002)


def signals(process, kind):
    """The set of signals of a kind in /proc/PID/status: caught, pending, ..."""
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(kind + ":"):
            mask = int(line.split()[1], 16)
            return {number for number in range(1, 65) if mask >> (number - 1) & 1}
    return set()  # it has ended


def resident_bytes(process):
    return int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()


def wait_until_it_listens(process, number):
    """Until a Popen has a handler for the signal, and so has begun what the handler is there for."""
    def listens():
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode} before it listened to signal {number}")
        return number in signals(process.pid, "SigCgt")
    wait_for(f"a handler of signal {number}", listens)


def wait_until_it_took(process, number):
    """Until a signal that was sent is no longer on its way: a second one would be the same one."""
    wait_for(f"signal {number} is taken", lambda: process.poll() is not None or not
             {number} & (signals(process.pid, "ShdPnd") | signals(process.pid, "SigPnd")))


def send_as_it_runs(process, number):
    wait_until_it_listens(process, number)
    process.send_signal(number)
