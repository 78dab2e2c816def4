"""Small matrix arithmetic on trees: sums, products, scalar multiples, powers and transposes of written matrices."""

from __future__ import annotations

from functools import reduce
from itertools import islice

from .effort import spend
from .expr import Expr, TooLarge, Undecidable, Undefined, has, number, walk
from .rational import exact, exact_integer

MAX_SIDE = 12
MAX_POWER = 20
MAX_NODES = 4000  # of one cell of a product


def evaluated(expr: Expr) -> Expr:
    """`expr` with its matrix operations carried out; other nodes unchanged.

    Raises:
        Undecidable: shapes that do not fit, or too large ones.
    """
    if not has(expr, "matrix") or expr.op == "matrix":
        return expr
    args = [evaluated(arg) for arg in expr.args]
    if expr.op == "call" and expr.value in ("det", "abs") and args[0].op == "matrix":
        return _determinant(args[0])
    if expr.op in ("add", "mul") and any(arg.op == "matrix" for arg in args):
        return reduce(_add if expr.op == "add" else _multiply, args)
    if expr.op in ("neg", "percent") and args[0].op == "matrix":
        return _map(args[0], lambda cell: Expr(expr.op, (cell,)))
    if expr.op == "div" and args[0].op == "matrix":
        return _map(args[0], lambda cell: Expr("div", (cell, args[1])))
    if expr.op == "pow" and args[0].op == "matrix":
        return _power(args[0], args[1])
    return Expr(expr.op, tuple(args), expr.value)


def _map(matrix: Expr, change: object) -> Expr:
    assert callable(change)
    return Expr("matrix", tuple(change(cell) for cell in matrix.args), matrix.value)


def _add(left: Expr, right: Expr) -> Expr:
    if left.op != "matrix" or right.op != "matrix" or left.value != right.value:
        raise Undecidable("sum of different shapes")
    cells = (Expr("add", pair) for pair in zip(left.args, right.args, strict=True))
    return Expr("matrix", tuple(cells), left.value)


def _multiply(left: Expr, right: Expr) -> Expr:
    if left.op != "matrix":
        return right if right.op != "matrix" and left == right else _scaled(left, right)
    if right.op != "matrix":
        return _scaled(right, left)
    (rows, inner), (also_inner, columns) = left.value, right.value
    if inner != also_inner or max(rows, inner, columns) > MAX_SIDE:
        raise Undecidable("product of shapes that do not fit")
    cells = [
        Expr("add", tuple(Expr("mul", (left.args[i * inner + k], right.args[k * columns + j])) for k in range(inner)))
        for i in range(rows)
        for j in range(columns)
    ]
    return Expr("matrix", tuple(map(_brought_together, cells)), (rows, columns))


def _scaled(scalar: Expr, matrix: Expr) -> Expr:
    if matrix.op != "matrix":
        return Expr("mul", (scalar, matrix))
    return _map(matrix, lambda cell: Expr("mul", (scalar, cell)))


def _determinant(matrix: Expr) -> Expr:
    """Expansion along the first row."""
    rows, columns = matrix.value
    if rows != columns or rows > 4:
        raise Undecidable("no small determinant")
    if rows == 1:
        return matrix.args[0]
    terms = []
    for column in range(columns):
        minor = tuple(cell for i, cell in enumerate(matrix.args) if i >= columns and i % columns != column)
        term = Expr("mul", (matrix.args[column], _determinant(Expr("matrix", minor, (rows - 1, rows - 1)))))
        terms.append(Expr("neg", (term,)) if column % 2 else term)
    return Expr("add", tuple(terms))


def _power(matrix: Expr, exponent: Expr) -> Expr:
    rows, columns = matrix.value
    if exponent in (Expr("symbol", value="T"), Expr("symbol", value="top")):
        cells = tuple(matrix.args[i * columns + j] for j in range(columns) for i in range(rows))
        return Expr("matrix", cells, (columns, rows))
    power = exact_integer(exponent)
    if rows != columns or not 0 <= power <= MAX_POWER:
        raise Undecidable("a power of a matrix")
    identity = Expr("matrix", tuple(number(i == j) for i in range(rows) for j in range(rows)), matrix.value)
    return reduce(_multiply, [matrix] * power, identity)


def _brought_together(cell: Expr) -> Expr:
    """A cell as one number where it is one; else as it is, if that is not too much.

    Raises:
        TooLarge: powers of a matrix with letters double what their cells hold with every factor.
    """
    try:
        return number(exact(cell))
    except TooLarge:
        raise
    except (Undecidable, Undefined):
        size = sum(1 for _ in islice(walk(cell), MAX_NODES + 1))
        spend(size / 10)
        if size > MAX_NODES:
            raise TooLarge("a product of matrices") from None
        return cell
