"""The only part of the service that knows Ray, which lives in a process of its own.

Ray ends the process that it is in when one of its own processes dies, and prints what only its
authors read. So a driver starts a second process (`link`), which connects (`connection`), schedules
(`runner`) and dies with Ray, while the driver lives to say what happened, to start it again, and to
make results and page.
"""

import os

# Before ray is imported, which reads some of these only then.
for _name, _value in {
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # the driver says when to stop
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    # An actor gathers lines itself: Tune 2.60 mixes up the seconds and the number of its buffer.
    "TUNE_RESULT_BUFFER_LENGTH": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "1e9",  # scratch that nobody reads, and that grows
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_prestart_worker_first_driver": "0",  # Tune's actors cannot use what Ray starts ahead
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}.items():
    os.environ.setdefault(_name, _value)
