"""The host's network links, for drivers whose guests or networks have some: made, named, put on bridges, counted.

`netlink` is the connection to the kernel, through pyroute2: a distribution that imports these modules depends on
`virtloom[links]`. `networks` gives a guest's interface its port on a virtual network.
"""
