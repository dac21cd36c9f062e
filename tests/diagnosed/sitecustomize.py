"""On the path of servers under test: upon SIGUSR1 they write where each thread stands into their log."""

import faulthandler
import signal

if hasattr(signal, "SIGUSR1"):
    faulthandler.register(signal.SIGUSR1, all_threads=True)
