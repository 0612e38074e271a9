"""virtloom's own program on the administration socket: what libvirt's protocol has no words for.

Declared like any other program. Answers are JSON texts, because what they tell will grow.
"""

from __future__ import annotations

from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import string, struct, uint32, uint64

JSON_MAX = 16 << 20
NAME_MAX = 256

report_ret = struct("report_ret", json=string(JSON_MAX))
get_events_args = struct("get_events_args", since=uint64)
start_trace_args = struct("start_trace_args", milliseconds=uint32)
get_trace_args = struct("get_trace_args", offset=uint32)
abort_job_args = struct("abort_job_args", number=uint64, reason=string(NAME_MAX))
call_driver_args = struct(
    "call_driver_args", driver=string(NAME_MAX), call=string(NAME_MAX), arguments=string(JSON_MAX)
)

PROGRAM = Program(
    "VIRTLOOM",
    0x76697274,  # "virt"
    1,
    [
        Procedure(1, "GET_STATUS", "virtloomGetStatus", ret=report_ret, priority=True),
        Procedure(2, "GET_DRIVERS", "virtloomGetDrivers", ret=report_ret, priority=True),
        Procedure(3, "RELOAD_DRIVERS", "virtloomReloadDrivers", ret=report_ret),
        Procedure(4, "GET_EVENTS", "virtloomGetEvents", args=get_events_args, ret=report_ret, priority=True),
        Procedure(5, "GET_LOCKS", "virtloomGetLocks", ret=report_ret, priority=True),
        Procedure(6, "GET_WAITS", "virtloomGetWaits", ret=report_ret, priority=True),
        Procedure(7, "GET_JOBS", "virtloomGetJobs", ret=report_ret, priority=True),
        Procedure(8, "GET_WORKERS", "virtloomGetWorkers", ret=report_ret, priority=True),
        Procedure(9, "GET_STACKS", "virtloomGetStacks", ret=report_ret, priority=True),
        Procedure(10, "GET_FINDINGS", "virtloomGetFindings", ret=report_ret, priority=True),
        Procedure(11, "GET_ORDER", "virtloomGetOrder", ret=report_ret, priority=True),
        Procedure(12, "GET_FIGURES", "virtloomGetFigures", ret=report_ret, priority=True),
        Procedure(13, "GET_METRICS", "virtloomGetMetrics", ret=report_ret, priority=True),
        Procedure(14, "START_TRACE", "virtloomStartTrace", args=start_trace_args, ret=report_ret, priority=True),
        Procedure(15, "STOP_TRACE", "virtloomStopTrace", ret=report_ret, priority=True),
        Procedure(16, "GET_TRACE", "virtloomGetTrace", args=get_trace_args, ret=report_ret, priority=True),
        Procedure(17, "ABORT_JOB", "virtloomAbortJob", args=abort_job_args, ret=report_ret, priority=True),
        Procedure(100, "CALL_DRIVER", "virtloomCallDriver", args=call_driver_args, ret=report_ret, priority=True),
    ],
)
