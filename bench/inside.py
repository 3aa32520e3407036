"""`python -m bench.inside MODULE`: run the `main()` of a module that imports the product's models."""

import importlib
import sys

import django

if __name__ == "__main__":
    django.setup()
    importlib.import_module(sys.argv[1]).main()
