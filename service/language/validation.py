"""What pydantic says of a value that makes no sense, as entries of the catalogue; found by `reading`."""

from typing import Final

from service.language.spoken import N_

OF_THE_LIBRARY: Final = (
    N_("Field required"),
    N_("Extra inputs are not permitted"),
    N_("Input should be a valid string"),
    N_("Input should be a valid integer"),
    N_("Input should be a valid integer, unable to parse string as an integer"),
    N_("Input should be a valid integer, got a number with a fractional part"),
    N_("Input should be a valid number"),
    N_("Input should be a valid number, unable to parse string as a number"),
    N_("Input should be a finite number"),
    N_("Input should be a valid boolean"),
    N_("Input should be a valid boolean, unable to interpret input"),
    N_("Input should be a valid list"),
    N_("Input should be a valid tuple"),
    N_("Input should be a valid dictionary"),
    N_("Input should be a valid dictionary or object to extract fields from"),
    N_("Input should be a valid date"),
    N_("Input should be a valid date in the format YYYY-MM-DD, {detail}"),
    N_("Input should be a valid date or datetime, {detail}"),
    N_("Input should be a valid datetime"),
    N_("Input should be a valid datetime, {detail}"),
    N_("Input should be a valid datetime or date, {detail}"),
    N_("Input should have timezone info"),
    N_("Input should be a valid URL, {detail}"),
    N_("Input should be greater than {gt}"),
    N_("Input should be greater than or equal to {ge}"),
    N_("Input should be less than {lt}"),
    N_("Input should be less than or equal to {le}"),
    N_("Input should be {choices}"),
    N_("String should have at least {least} character"),
    N_("String should have at least {least} characters"),
    N_("String should have at most {longest} character"),
    N_("String should have at most {longest} characters"),
    N_("String should match pattern '{text}'"),
    N_("List should have at least {least} item after validation, not {length}"),
    N_("List should have at least {least} items after validation, not {length}"),
    N_("List should have at most {most} item after validation, not {length}"),
    N_("List should have at most {most} items after validation, not {length}"),
    N_("URL scheme should be {choices}"),
    N_("Invalid JSON: {detail}"),
    N_("Value error, {detail}"),
)
"""Its sentences about values that people and programs send, set or type."""
