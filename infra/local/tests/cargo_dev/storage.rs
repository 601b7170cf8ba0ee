//! Disks and files that cannot be used. Each error names the file and the remedy.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Output;

use crate::process::{PROGRAM, shell};

/// Functions of the scripts: a sign-up that prints its status, and a start that fails if the program ends.
const FUNCTIONS: &str = r#"sign_up() {
  curl -s -o "$logs/answer" -w '%{http_code}\n' "$url/api/v1/organizations" -H 'Content-Type: application/json' -d '{
    "name": "Initech", "subdomain": "initech",
    "admin": {"email": "admin@initech.example", "full_name": "The Admin", "password": "nine staplers, no cake"}}'
}
start() {
  # The output of an earlier start would look ready.
  rm -f "$logs/out"
  "$program" --port 0 --data-dir "$work/data" "$@" >"$logs/out" 2>"$logs/err" &
  pid=$!
  until grep -qs '^ready ' "$logs/out"; do
    kill -0 "$pid" 2>/dev/null || return 1
  done
  url=$(sed -n 's/^ready //p' "$logs/out")
}
stop() {
  kill -INT "$pid"
  wait "$pid"
}
"#;

/// Runs a script with the functions above. Returns its output and errors.
fn run(work: &Path, script: &str) -> (String, String) {
    let work = work.to_str().unwrap();
    printed(&shell(&format!("work={work}; logs={work}; program={PROGRAM}\n{FUNCTIONS}\n{script}")))
}

/// Starts the program with a data directory, which it refuses. Returns its errors.
fn refused(directory: &Path) -> String {
    let output = shell(&format!("{PROGRAM} --port 0 --data-dir {}", directory.to_str().unwrap()));
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

/// Whether this user can mount a disk of its own.
fn can_mount() -> bool {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    shell(&format!("unshare -rm mount -t tmpfs -o size=1m none {path}")).status.success()
}

/// Runs a script while a small disk is mounted at `work`. The logs are on another disk.
fn with_small_disk(size: &str, script: &str) -> (String, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    fs::create_dir(directory.path().join("disk")).unwrap();
    let script = format!("work={path}/disk; logs={path}; program={PROGRAM}\n{FUNCTIONS}\n{script}");
    fs::write(directory.path().join("script"), script).unwrap();
    let mount = format!("mount -t tmpfs -o size={size} none {path}/disk");
    printed(&shell(&format!("unshare -rm sh -c '{mount} && . {path}/script'")))
}

fn printed(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn write_to_a_full_disk_names_it_and_loses_nothing() {
    if !can_mount() {
        return;
    }
    let (out, errors) = with_small_disk(
        "8m",
        r#"start || cat "$logs/err"
        # No file of the program can grow.
        head -c 9m /dev/zero >"$work/filler" 2>"$logs/filled"
        sign_up
        rm "$work/filler" "$logs/filled"
        sign_up
        stop; cat "$logs/out" "$logs/err" >&2
        start && stop && echo started"#,
    );
    let statuses: Vec<_> = out.lines().collect();
    assert!(matches!(*statuses, ["503", "201", "started"]), "{out}{errors}");
    assert!(errors.contains("/disk/data/table.sqlite is full. Free some space"), "{errors}");
    assert_eq!(errors.matches("is full").count(), 1, "it is reported once: {errors}");
    assert!(errors.contains("the table can be written again"), "{errors}");
}

#[test]
fn import_on_a_full_disk_names_it_and_the_next_start_resumes() {
    if !can_mount() {
        return;
    }
    let (out, errors) = with_small_disk(
        "12m",
        r#"start --demo northwind; echo "started: $?"; tail -n 1 "$logs/err" >&2
        mount -o remount,size=64m "$work"
        start --demo northwind && stop; grep Northwind: "$logs/out""#,
    );
    assert!(errors.contains("error: the import of the sample organization stopped: the disk of "), "{errors}");
    assert!(errors.contains("/data/table.sqlite is full. Free some space"), "{errors}");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!((lines[0], *lines.last().unwrap()), ("started: 1", "Northwind: 2232 of 2232 stock movements"));
    assert_ne!(lines[1], "Northwind: 0 of 2232 stock movements", "it resumes");
}

#[test]
fn start_with_a_limit_of_file_sizes_names_the_file() {
    let work = tempfile::tempdir().unwrap();
    for blocks in [0, 1, 8, 100] {
        let (_, errors) = run(
            work.path(),
            &format!(
                r#"rm -rf "$work/data"
                (ulimit -f {blocks}; exec "$program" --data-dir "$work/data" --port 0)"#
            ),
        );
        let file = work.path().join("data").join(if blocks == 0 { "secrets.env" } else { "table.sqlite" });
        assert!(errors.contains(file.to_str().unwrap()), "{blocks}: {errors}");
        assert!(errors.contains("--data-dir"), "{blocks}: {errors}");
    }
}

#[test]
fn start_with_an_emptied_table_file_names_it() {
    let work = tempfile::tempdir().unwrap();
    let (_, errors) = run(work.path(), r#"start && stop; : >"$work/data/table.sqlite"; start; cat "$logs/err" >&2"#);
    let file = work.path().join("data/table.sqlite");
    assert!(errors.contains(file.to_str().unwrap()) && errors.contains("it is empty"), "{errors}");
}

#[test]
fn start_with_a_file_or_directory_in_the_way_names_it() {
    let work = tempfile::tempdir().unwrap();
    let path = |name: &str| work.path().join(name);
    fs::write(path("file"), "").unwrap();
    symlink("/nonexistent/data", path("link")).unwrap();
    for directory in [path("file"), path("file/below"), path("link")] {
        let errors = refused(&directory);
        let named = format!("error: cannot create {}: ", directory.display());
        assert!(errors.starts_with(&named) && errors.contains("--data-dir"), "{errors}");
    }
    for name in ["lock", "secrets.env", "table.sqlite", "table.sqlite-wal"] {
        let directory = path("data");
        fs::create_dir_all(directory.join(name)).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
        let errors = refused(&directory);
        assert!(errors.contains(directory.join(name).to_str().unwrap()), "{errors}");
        assert!(errors.contains("Move this directory away"), "{errors}");
        fs::remove_dir_all(directory).unwrap();
    }
}

#[test]
fn start_with_a_file_of_another_user_names_it() {
    // Only root can start a program as another user, who owns the directory but not every file in it.
    let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    if !shell(&format!("{nobody} {PROGRAM} --help")).status.success() {
        return;
    }
    for name in ["lock", "secrets.env", "table.sqlite"] {
        let work = tempfile::tempdir().unwrap();
        fs::set_permissions(work.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (_, errors) = run(
            work.path(),
            &format!(
                r#"start && stop; chown -R 65534:65534 "$work"; chown 0:0 "$work/data/{name}"
                {nobody} "$program" --data-dir "$work/data" --port 0"#
            ),
        );
        assert!(errors.contains(work.path().join("data").join(name).to_str().unwrap()), "{errors}");
        assert!(errors.contains("Give this user the rights"), "{errors}");
    }
}
