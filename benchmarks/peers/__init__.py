"""Our server beside others that batch: one network, one decode function, the same threads, under the same loads.

`run` is the command. Each server has a turn alone on the machine, in a process (or several) of its own; the callers are
this process. What the others are and how they are set up stands in `host_mosec`, `host_litserve` and `host_ray`.
"""
