//! A component that takes the compiler more memory than it may have: an honest
//! one, with a module beside it that nobody uses and everybody has to compile.

/// One line of a function: `x = x * 7 + memory[x & 65532]`.
const LINE: [u8; 18] = [
    0x20, 0x00, // local.get 0
    0x41, 0x07, // i32.const 7
    0x6c, // i32.mul
    0x20, 0x00, // local.get 0
    0x41, 0xfc, 0xff, 0x03, // i32.const 65532
    0x71, // i32.and
    0x28, 0x02, 0x00, // i32.load
    0x6a, // i32.add
    0x21, 0x00, // local.set 0
];
/// As many as a function may have, or nearly.
const LINES: usize = 400_000;

/// What `component` is, and does, it stays.
pub fn greedy(mut component: Vec<u8>) -> Vec<u8> {
    let mut body = vec![0]; // no more locals
    body.extend(LINE.repeat(LINES));
    body.push(0x0b);
    let body = sized(&body);
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    // One type, (i32) -> (); two functions of it; a memory of a page.
    module.extend(section(1, &[1, 0x60, 1, 0x7f, 0]));
    module.extend(section(3, &[2, 0, 0]));
    module.extend(section(5, &[1, 0, 1]));
    module.extend(section(10, &[&[2], &body[..], &body[..]].concat()));
    component.extend(section(1, &module));
    component
}

fn section(id: u8, contents: &[u8]) -> Vec<u8> {
    [&[id], &sized(contents)[..]].concat()
}

/// Its length, then the thing.
fn sized(contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = contents.len();
    while left > 0x7f {
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
    out.extend_from_slice(contents);
    out
}
