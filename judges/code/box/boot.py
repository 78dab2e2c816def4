"""The file the caller starts, by path, with `python -s -S -P -B`: loads the box without its parent packages.

Its arguments are the descriptor of the control socket and the module of the server."""

import importlib
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main() -> None:
    spec = importlib.util.spec_from_file_location(
        "jurybox_box", HERE / "__init__.py", submodule_search_locations=[str(HERE)]
    )
    assert spec is not None
    assert spec.loader is not None
    box = importlib.util.module_from_spec(spec)
    sys.modules["jurybox_box"] = box
    spec.loader.exec_module(box)
    importlib.import_module(f"jurybox_box.{sys.argv[2]}").main(int(sys.argv[1]))


if __name__ == "__main__":
    main()
