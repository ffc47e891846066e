#!/usr/bin/env bash
# The tool in an environment of its own: this commit's with its dependencies by hash, or a release.
# Nothing of the checkout takes part: it is not the working directory, Python runs isolated, and what
# pip starts has no PYTHONPATH of the workflow's.
set -euo pipefail
action=$(cd "$GITHUB_ACTION_PATH" && pwd -P)
checkout=$(cd "${GITHUB_WORKSPACE:-.}" && pwd -P)
if [[ $action/ == "$checkout"/* ]]; then
    echo "::error::the action lies in the checkout that it judges ($action): use it by its own" \
        "repository and commit, owner/repository/.github/actions/verify@<commit>" >&2
    exit 2
fi
if [ -n "$VERSION" ] && ! [[ $VERSION =~ ^[0-9]+(\.[0-9]+)*([a-z]+[0-9]+)?$ ]]; then
    echo "::error::version: expected a release such as 1.2.0" >&2
    exit 2
fi
unset "${!PYTHON@}"
cd "$RUNNER_TEMP"
python3 -I -m venv --clear "$RUNNER_TEMP/provenance"
pip=("$RUNNER_TEMP/provenance/bin/python" -I -m pip install --quiet --disable-pip-version-check)
if [ -n "$VERSION" ]; then
    "${pip[@]}" "hf-provenance==$VERSION"
else
    "${pip[@]}" --require-hashes -r "$GITHUB_ACTION_PATH/requirements.txt"
    "${pip[@]}" --no-deps --no-build-isolation "$GITHUB_ACTION_PATH/../../.."
fi
