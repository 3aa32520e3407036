"""Brings the words of each language up to date with the sources and says what is left to translate."""

from words.catalogs import LANGUAGES, as_mo, as_po, path_of, renewed, untranslated
from words.collecting import collected


def main() -> None:
    """Write both files of each language anew."""
    template = collected()
    for language in LANGUAGES:
        catalog = renewed(language, template)
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_po(catalog))
        path.with_suffix(".mo").write_bytes(as_mo(catalog))
        print(f"{language}: {len(catalog)} messages, {len(untranslated(catalog))} not translated")


if __name__ == "__main__":
    main()
