#!/usr/bin/env bash
# The tool in an environment of its own: this commit's with its dependencies by hash, or a release.
# Nothing of the checkout takes part: it is not the working directory, Python runs isolated, and what
# pip starts has no PYTHONPATH of the workflow's.
set -euo pipefail
stopped() {
    echo "::error title=Nothing was judged::$1" >&2
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
        echo "**Nothing was judged.** $1" >>"$GITHUB_STEP_SUMMARY"
    fi
}
trap 'stopped "the tool could not be installed: the log of this step says why"' ERR
action=$(cd "$GITHUB_ACTION_PATH" && pwd -P)
checkout=$(cd "${GITHUB_WORKSPACE:-.}" && pwd -P)
if [[ $action/ == "$checkout"/* ]]; then
    stopped "the action lies in the checkout that it judges ($action): use it by its own repository and commit, owner/repository/.github/actions/verify@<commit>"
    exit 2
fi
if [ -n "$VERSION" ] && ! [[ $VERSION =~ ^[0-9]+(\.[0-9]+)*([a-z]+[0-9]+)?$ ]]; then
    stopped "version: expected a release such as 1.2.0"
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
