"""What every section of params.yaml is: exactly its keys, exactly their types; and the types that several use."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from huaben.errors import InputError

T = TypeVar("T")
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Threshold = Annotated[float, Field(gt=0, le=1)]
Version = Literal["v1", "v2"]


class Section(BaseModel):
    """A section of params.yaml: exactly its keys, exactly their types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def checked(shape: type[T], value: Any, path: Path) -> T:
    """Return a value of a file as its shape; all faults stand in one InputError, each with its place."""
    try:
        return TypeAdapter(shape).validate_python(value)
    except ValidationError as error:
        faults = "\n".join(f"  {'.'.join(map(str, f['loc'])) or '(top)'}: {f['msg']}" for f in error.errors())
        raise InputError(f"{path}:\n{faults}") from error
