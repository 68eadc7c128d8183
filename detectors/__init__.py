"""Forensic classifiers: media in, calibrated findings out. Knows nothing of the service."""

import os

# Threads that wait for one another sleep. OpenMP's spin otherwise, so that two threads of torch on
# two cores that others use too took five times the processor time of one, and longer. It is read
# when torch is loaded, which every process does after it imports this package.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# One thread for products of matrices: they are small here, and threads that wait for their part spin;
# speech took nearly twice the processor time on a busy machine. It is read when numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# onnxruntime 1.32 tells its maker over the network which models are run, and keeps what it could not
# send in the home folder. It is read when the library is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
