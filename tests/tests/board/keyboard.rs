//! Others on the board who would like to know what the reader types: a process
//! that reads its device, and the console. They hear the keyboard as long as
//! nobody has grabbed it, and nothing from then on.

use std::time::{Duration, Instant};

use plugpoint_tests::board::Board;

use crate::stage::PATIENCE;

/// What is typed before the program has the reader.
const IN_THE_OPEN: &str = "42";

pub struct Eavesdroppers<'a> {
    board: &'a Board,
    /// What they have heard while they could: bytes of events, and a text.
    heard: (usize, String),
}

impl<'a> Eavesdroppers<'a> {
    /// They listen, and hear what is typed now.
    pub fn listen(board: &'a Board) -> Eavesdroppers<'a> {
        // The bus is looked at late; and who has not opened a device hears nothing.
        let listen = "until [ -e /dev/input/event0 ]; do usleep 50000; done; \
                      (cat /dev/input/event0 > /tmp/events & cat /dev/tty1 > /tmp/console &) \
                      < /dev/null; \
                      for device in input/event0 tty1; do \
                      until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q \"/dev/$device$\"; \
                      do usleep 50000; done; done";
        board.shell().run(listen).expect("two listeners");
        board.monitor().type_line(IN_THE_OPEN).expect("keys");
        let end = Instant::now() + PATIENCE;
        let heard = loop {
            let heard = heard(board);
            if heard.0 > 0 && heard.1 == format!("{IN_THE_OPEN}\n") {
                break heard;
            }
            assert!(Instant::now() < end, "they hear only {heard:?}");
            std::thread::sleep(Duration::from_millis(100));
        };
        Eavesdroppers { board, heard }
    }

    /// Nothing has been heard since, though both still listen; and nobody else
    /// can grab the reader.
    pub fn heard_nothing(&self) {
        let alive = self.board.shell().run("pidof cat");
        let alive = alive.expect("listeners");
        assert_eq!(alive.split_whitespace().count(), 2, "both listen");
        assert_eq!(heard(self.board), self.heard);
        let config = "[control]\nlisten = \"unix:/tmp/other.sock\"\n\
                      [charge_point]\nstate_dir = \"/tmp/other\"\n\
                      [[connector]]\nid = 1\n\
                      [[reader]]\ndriver = \"evdev\"\npath = \"/dev/input/event0\"\nconnectors = [1]\n";
        let shell = self.board.shell();
        shell.write("/tmp/other.toml", config).expect("a file");
        let found = shell.run("plugpoint check --config /tmp/other.toml; echo status $?");
        let found = found.expect("findings");
        assert!(found.contains("somebody else has grabbed it"), "{found}");
        assert!(found.contains("status 1"), "{found}");
    }
}

fn heard(board: &Board) -> (usize, String) {
    let shell = board.shell();
    let size = shell.run("stat -c %s /tmp/events").expect("a size");
    let text = shell.run("cat /tmp/console").expect("a text");
    (size.trim().parse().expect("a number"), text)
}
