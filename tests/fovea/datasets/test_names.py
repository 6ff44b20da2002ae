"""Names that people and archives give files: shown, never opened."""

import pytest

from fovea.datasets.services.names import MAX_NAME, UniqueNames, name_cleaned, stem


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("images/train/a.png", "images/train/a.png"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\me\\scan.dcm", "Users/me/scan.dcm"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("\\\\server\\share\\x", "server/share/x"),
        ("a/./b//c/", "a/b/c"),
        (
            "a\x00b\nc\x1b[31m",
            "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c\N{REPLACEMENT CHARACTER}[31m",
        ),
        ("\udcff.png", "?.png"),
        ("", "unnamed"),
        ("../..", "unnamed"),
        ("=cmd|' /C calc'!A0", "=cmd|'/C calc'!A0"),
        ("Bild Müller 胸部.png", "Bild Müller 胸部.png"),
    ],
)
def test_names_become_plain_relative_paths(given, kept):
    assert name_cleaned(given) == kept


def test_long_names_keep_their_end_and_stay_apart():
    one, two = (name_cleaned(f"{start}{'x' * 5000}/scan.dcm") for start in "ab")
    assert len(one) <= MAX_NAME
    assert one.endswith("/scan.dcm")
    assert one != two


def test_each_name_is_given_once():
    unique = UniqueNames({"taken.nii.gz"})
    given = [unique(name) for name in ("a.png", "a.png", "./a.png", "taken.nii.gz", "b/c", "b/c")]
    assert given == ["a.png", "a (2).png", "a (3).png", "taken (2).nii.gz", "b/c", "b/c (2)"]
    long = "y" * MAX_NAME
    assert len({unique(long), unique(long), unique(long)}) == 3


def test_stem_takes_double_suffixes_off():
    assert [stem(n) for n in ("x/hippocampus_001.nii.gz", "a.b.png", ".hidden", "plain")] == [
        "hippocampus_001",
        "a.b",
        ".hidden",
        "plain",
    ]
