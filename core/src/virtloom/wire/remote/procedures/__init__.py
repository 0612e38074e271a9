"""The procedures of the remote program, by the kind of object that they speak of."""
