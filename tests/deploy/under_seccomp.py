"""`under_seccomp.py PROFILE COMMAND...`: run a command under a container's profile of system calls."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import pyseccomp

COMPARISONS = {"SCMP_CMP_EQ": pyseccomp.EQ, "SCMP_CMP_MASKED_EQ": pyseccomp.MASKED_EQ}


def main() -> None:
    """Read the profile as a container runtime does, then become the command."""
    profile = json.loads(Path(sys.argv[1]).read_text())
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(profile["defaultErrnoRet"]))
    for rule in profile["syscalls"]:
        allowed = rule["action"] == "SCMP_ACT_ALLOW"
        action = pyseccomp.ALLOW if allowed else pyseccomp.ERRNO(rule["errnoRet"])
        arguments = [
            pyseccomp.Arg(
                item["index"],
                COMPARISONS[item["op"]],
                item["value"],
                *([item["valueTwo"]] if "valueTwo" in item else []),
            )
            for item in rule.get("args", ())
        ]
        for name in rule["names"]:
            with suppress(OSError):  # this processor has no such call
                rules.add_rule(action, name, *arguments)
    rules.load()
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
