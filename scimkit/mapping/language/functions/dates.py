"""Functions about dates. All date-times are UTC; a string without an offset counts as UTC."""

from __future__ import annotations

import calendar
from typing import Any

from scimkit.mapping.language.date_text import parse_date
from scimkit.mapping.language.evaluation import Evaluation
from scimkit.mapping.language.functions.formats import check_styles, parse_exact, print_moment
from scimkit.mapping.language.problems import EvaluationFault
from scimkit.mapping.language.signatures import function
from scimkit.mapping.language.values import (
    FILETIME_EPOCH_TICKS,
    OMITTED,
    TICKS_PER_DAY,
    TICKS_PER_SECOND,
    Instant,
    integer_of,
    out_of_range,
    show_value,
)

INTERVALS = {
    "d": TICKS_PER_DAY,
    "ww": 7 * TICKS_PER_DAY,
    "h": 3600 * TICKS_PER_SECOND,
    "n": 60 * TICKS_PER_SECOND,
    "s": TICKS_PER_SECOND,
}
KNOWN_INTERVALS = "yyyy (year), m (month), d (day), ww (week), h (hour), n (minute), s (second)"


def date_of(evaluation: Evaluation, value: Any, what: str) -> Instant:
    """A date argument. Null or an unreadable value is an error (unconfirmed)."""
    if isinstance(value, Instant):
        return value
    if value is None:
        raise EvaluationFault(f"{what} is null", 'Guard it: Switch([x], [x], "", "9999-12-31").', value)
    text = evaluation.text(value) or ""
    try:
        moment = parse_date(text)
    except EvaluationFault as fault:
        raise EvaluationFault(fault.message, fault.remedy, value) from None
    if moment is None:
        raise EvaluationFault(
            f"{what} is {show_value(text)}, which is not a date", "Give 2020-03-16, or use FormatDateTime.", value
        )
    return moment


@function("CDate", "expression")
def _cdate(evaluation: Evaluation, value: Any) -> Instant:
    return date_of(evaluation, value, "the value")


@function("Now")
def _now(evaluation: Evaluation) -> Instant:
    return evaluation.instant()


def _interval(evaluation: Evaluation, value: Any) -> str:
    name = evaluation.text(value) or ""
    if name in INTERVALS or name in ("yyyy", "m"):
        return name
    if name in ("q", "y", "w"):
        raise EvaluationFault(
            f"the interval {name} exists only in Entra Connect Sync", f"Use {KNOWN_INTERVALS}.", value
        )
    raise EvaluationFault(f"the interval {show_value(name)} is unknown; case matters", f"Use {KNOWN_INTERVALS}.", value)


@function("DateAdd", "interval", "value", "dateTime")
def _date_add(evaluation: Evaluation, interval: Any, value: Any, moment: Any) -> Instant:
    """A later (or earlier) date-time; months and years keep the day, limited to the end of the month."""
    unit, count = _interval(evaluation, interval), integer_of(value, "value")
    start = date_of(evaluation, moment, "dateTime")
    try:
        if unit in INTERVALS:
            return Instant(start.ticks + count * INTERVALS[unit])
        wall = start.wall
        months = wall.year * 12 + wall.month - 1 + count * (12 if unit == "yyyy" else 1)
        year, month = divmod(months, 12)
        if not 1 <= year <= 9999:
            raise out_of_range()
        day = min(wall.day, calendar.monthrange(year, month + 1)[1])
        moved = Instant.of(wall.replace(year=year, month=month + 1, day=day))
        return Instant(moved.ticks + start.fraction)
    except EvaluationFault as fault:
        raise EvaluationFault(fault.message, "Add less.", value) from None


@function("DateDiff", "interval", "date1", "date2")
def _date_diff(evaluation: Evaluation, interval: Any, date1: Any, date2: Any) -> int:
    """date2 - date1: elapsed units truncated toward zero; months and years by the calendar; weeks by Sundays."""
    unit = _interval(evaluation, interval)
    one, other = date_of(evaluation, date1, "date1"), date_of(evaluation, date2, "date2")
    if unit == "yyyy":
        return other.wall.year - one.wall.year
    if unit == "m":
        return 12 * (other.wall.year - one.wall.year) + other.wall.month - one.wall.month
    if unit == "ww":
        return _truncate(_truncate(_week_start(other) - _week_start(one), TICKS_PER_DAY), 7)
    return _truncate(other.ticks - one.ticks, INTERVALS[unit])


def _truncate(dividend: int, divisor: int) -> int:
    """Integer division toward zero."""
    if dividend < 0:
        return -(-dividend // divisor)
    return dividend // divisor


def _week_start(moment: Instant) -> int:
    """Ticks of the Sunday before (or on) the day, at the same time of day."""
    return moment.ticks - moment.wall.isoweekday() % 7 * TICKS_PER_DAY


@function("DateFromNum", "value")
def _date_from_num(evaluation: Evaluation, value: Any) -> Instant:
    """The date-time of a Windows FILETIME: 100 ns since 1601-01-01 UTC."""
    number = integer_of(value, "value")
    try:
        if number < 0:
            raise EvaluationFault("a FILETIME must not be negative")
        return Instant(FILETIME_EPOCH_TICKS + number)
    except EvaluationFault as fault:
        raise EvaluationFault(fault.message, "Give 100-nanosecond steps since 1601.", value) from None


@function("NumFromDate", "value")
def _num_from_date(evaluation: Evaluation, value: Any) -> int:
    """The FILETIME of a date. The results printed in the HR guides are wrong; the definition is used."""
    number = date_of(evaluation, value, "value").ticks - FILETIME_EPOCH_TICKS
    if number < 0:
        raise EvaluationFault("the date is before 1601", "A FILETIME starts at 1601-01-01.", value)
    return number


@function("FormatDateTime", "source", "dateTimeStyles?", "inputFormat", "outputFormat?")
def _format_date_time(
    evaluation: Evaluation, source: Any, styles: Any, input_format: Any, output_format: Any
) -> str | None:
    """A date string in another format. With three arguments there is no style (the older signature)."""
    if output_format is OMITTED:
        styles, input_format, output_format = OMITTED, styles, input_format
    text = evaluation.text(source)
    if text is None:
        return None
    if input_format is OMITTED or output_format is OMITTED:
        raise EvaluationFault(
            "inputFormat and outputFormat are required", 'Write FormatDateTime([x], , "yyyy-MM-dd", "dd.MM.yyyy").'
        )
    style_names = ""
    if styles is not OMITTED:
        style_names = evaluation.text(styles) or ""
    try:
        adjust = check_styles(style_names)
    except EvaluationFault as fault:
        raise EvaluationFault(fault.message, fault.remedy, styles) from None
    moment = parse_exact(text, evaluation.text(input_format) or "", evaluation, source, input_format)
    return print_moment(moment.to_utc() if adjust else moment, evaluation.text(output_format) or "", output_format)


FUNCTIONS = (
    _cdate,
    _now,
    _date_add,
    _date_diff,
    _date_from_num,
    _num_from_date,
    _format_date_time,
)
