"""One machine instruction that Python has no word for: ask for memory now, read it later.

A random read of a large array costs 200-300 ns when the next step waits for it, 20 ns when many are under way. Kernels
that work on many searches in turn ask for what each needs next, go on with the others, and find it in the cache.
"""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.extending import intrinsic
from numba.np.arrayobj import make_array


@intrinsic
def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    """Starts to bring array[index] into the cache; changes nothing and never fails, not even outside the array.

    Args:
        array: one-dimensional.
        index: of the element.
    """
    signature = types.void(array, index)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type = signature.args[0]
        contents = make_array(array_type)(context, builder, arguments[0])
        position = context.cast(builder, arguments[1], signature.args[1], types.intp)
        pointer = cgutils.get_item_pointer(context, builder, array_type, contents, [position])
        pointer = builder.bitcast(pointer, cgutils.voidptr_t)
        word = ir.IntType(32)
        function_type = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
        function = cgutils.get_or_insert_function(builder.module, function_type, "llvm.prefetch.p0")
        builder.call(function, [pointer, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return signature, generate


prefetch = cast("Callable[[Any, int], None]", _prefetch)
