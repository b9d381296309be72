"""The Arrow type of rows that come as JSON, from the values themselves.

Whole numbers beside fractions are fractions, a value beside null is that value, lists and objects are merged inside.
Values that have no common type (a number here, a text there) are text: `as_typed` writes what is no text as JSON.
Objects without keys are text, since Parquet has no column for them, and so are those with more than `KEYS` different
ones, which are rather a mapping; others have every key, with null where a row has none.

Not covered: dates, which readers give as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from satsuma.run.columns import Row


KEYS = 64
"""Keys of the objects of a column, above which they are text."""


def schema_of(rows: Iterable[Mapping[str, object]]) -> pa.Schema:
    """The columns of all rows, in the order in which they first come; one that is always null is text."""
    types: dict[str, pa.DataType] = {}
    for row in rows:
        for name, value in row.items():
            here = _type(value)
            there = types.get(name)
            if there is None:
                types[name] = here
            elif here != there:
                types[name] = _merged(there, here)
    return pa.schema([(name, _settled(found)) for name, found in types.items()])


def as_typed(row: Mapping[str, object], columns: pa.Schema) -> Row:
    """The row with every column of the schema, and text where its type is text."""
    return {each.name: _cast(row.get(each.name), each.type) for each in columns}


def _type(value: object) -> pa.DataType:
    match value:
        case None:
            return pa.null()
        case bool():
            return pa.bool_()
        case int():
            return pa.int64() if -(2**63) <= value < 2**63 else pa.string()
        case float():
            return pa.float64()
        case list() | tuple():
            inner = pa.null()
            for one in value:
                inner = _merged(inner, _type(one))
            return pa.list_(inner)
        case Mapping():
            if len(value) > KEYS:
                return pa.string()
            return pa.struct([(str(name), _type(one)) for name, one in value.items()])
    return pa.string()


def _merged(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if {one, other} == {pa.int64(), pa.float64()}:
        return pa.float64()
    if pa.types.is_list(one) and pa.types.is_list(other):
        return pa.list_(_merged(one.value_type, other.value_type))
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        types = {each.name: each.type for each in one}
        for each in other:
            types[each.name] = _merged(types.get(each.name, pa.null()), each.type)
        return pa.struct(list(types.items())) if len(types) <= KEYS else pa.string()
    return pa.string()


def _settled(found: pa.DataType) -> pa.DataType:
    """The type without parts that no value is known of."""
    if pa.types.is_null(found):
        return pa.string()
    if pa.types.is_list(found):
        return pa.list_(_settled(found.value_type))
    if pa.types.is_struct(found):
        return pa.struct([(each.name, _settled(each.type)) for each in found]) if found.num_fields else pa.string()
    return found


def _cast(value: object, kind: pa.DataType) -> object:
    if value is None:
        return None
    if pa.types.is_string(kind):
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if pa.types.is_list(kind) and isinstance(value, list | tuple):
        return [_cast(one, kind.value_type) for one in value]
    if pa.types.is_struct(kind) and isinstance(value, Mapping):
        return {each.name: _cast(value.get(each.name), each.type) for each in kind}
    return value
