"""RFC 4506: types declared once, compiled to codecs on first use. No I/O.

point = struct("point", x=int32, y=int32, label=optional(string(64)))
point.encode((1, 2, "here"))
point.decode(data).label
"""

from virtloom.xdr.errors import DecodeError, EncodeError, XdrError
from virtloom.xdr.kept import Kept, Piece
from virtloom.xdr.types import (
    Array,
    Bytes,
    Enum,
    Number,
    Optional,
    Struct,
    Type,
    Union,
    array,
    boolean,
    char,
    double,
    enum,
    int32,
    int64,
    opaque,
    optional,
    remembered,
    string,
    struct,
    uchar,
    uint32,
    uint64,
    union,
    ushort,
    vararray,
    varopaque,
)

__all__ = [
    "Array",
    "Bytes",
    "DecodeError",
    "EncodeError",
    "Enum",
    "Kept",
    "Number",
    "Optional",
    "Piece",
    "Struct",
    "Type",
    "Union",
    "XdrError",
    "array",
    "boolean",
    "char",
    "double",
    "enum",
    "int32",
    "int64",
    "opaque",
    "optional",
    "remembered",
    "string",
    "struct",
    "uchar",
    "uint32",
    "uint64",
    "union",
    "ushort",
    "vararray",
    "varopaque",
]
