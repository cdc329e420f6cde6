//! The cards of the suite. The central system accepts them all, unless a case
//! says otherwise; after it they are accepted again.

/// Who charges in most cases.
pub const OWNER: &str = "PPTAG1";
/// Somebody else.
pub const OTHER: &str = "PPOTHER2";
/// Somebody of the owner's group, in the cases that have groups.
pub const SAME_GROUP: &str = "PPSAME3";
/// Who is not welcome, in the cases about that.
pub const UNWELCOME: &str = "PPBAD4";
/// All of them.
pub const ALL: [&str; 4] = [OWNER, OTHER, SAME_GROUP, UNWELCOME];
