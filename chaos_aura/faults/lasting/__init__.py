"""Faults that somebody has to keep up: a helper process does, which ends with its lease, its time or the reaper.

A program is a file of standard library that defines `run`, beside the injector that uses it:

    from chaos_aura.faults.lasting.helper import Helper

    def run(helper: Helper) -> None:
        done = 0
        while helper.wait(0.02):
            done += 1
            helper.report(done=done)

It has one process: what it forks dies with it only where it may end by itself, so let it use threads.
The injector starts it by a `Carrier`, which also ends it and tells whether it lives. An injector that has `takes_s`
tells the carrier the same, so that its helper lives until the fault has been in force for its time. A helper may be
killed at any moment (SIGKILL): what it must undo, the injector's `heal` undoes as well.
"""
