"""XML documents and immutable definitions, each made from the other.

`document` reads XML safely into plain nodes and writes it as libvirt does; `values` has the kinds of value that
attributes hold; `definition` is what a definition is: a class whose fields are declared in the order in which libvirt
writes them. The rest is one module or folder for each kind of object.
"""
