"""Whether the driver asked to stop: a flag of this process, since Tune copies what it is given."""

import threading

asked = threading.Event()
