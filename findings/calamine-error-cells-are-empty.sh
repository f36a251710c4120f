#!/usr/bin/env bash
# python-calamine: a cell with an error (#N/A, #DIV/0!) is the empty text, not to be told from an empty cell.
#
# Guess:     the text "#N/A", as openpyxl gives, or an exception.
# Behaviour: '' for both. A column of failed formulas reads as missing values. A formula that no program has computed yet
#            (written by openpyxl) is '' as well. Leading empty rows and columns are left out by default, so row 1 of what
#            is returned can be any row of the sheet.
# Cure:      openpyxl where errors matter; skip_empty_area=False where positions do.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5
env/bin/python - <<'PY'
from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

book = Workbook()
sheet = book.active
sheet["B3"], sheet["C3"], sheet["D3"] = "error", "empty", "formula"
sheet["B4"], sheet["D4"] = "#N/A", "=1+1"
sheet["B4"].data_type = "e"
book.save("a.xlsx")
calamine = CalamineWorkbook.from_path("a.xlsx").get_sheet_by_index(0).to_python()
openpyxl = load_workbook("a.xlsx", data_only=True).active["B4"].value
print("calamine", calamine, "openpyxl", openpyxl)
assert calamine == [["error", "empty", "formula"], ["", "", ""]] and openpyxl == "#N/A"
PY
echo "as described"
