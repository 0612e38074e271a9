"""Devices that come into a running guest and go out of it.

What QEMU is to be told follows from the command line: the options that a guest with the device would be started with
and one without it would not are the device. `lines` finds them and says each as a command of the monitor, `chardevs`
does so for the one option that the monitor words differently, `given` passes what the host opens, `kinds` knows how a
device is found among others and what can be plugged.
"""
