//! The media types that stand in messages: mimi-content-09 §7.1, mimi-message-status section 6.

/// A MIMI content message: what an application message holds, and, inside another one, a message of
/// its own. Every client must be able to receive it.
pub const MIMI_CONTENT: &str = "application/mimi-content";

/// A status report.
pub const MIMI_MESSAGE_STATUS: &str = "application/mimi-message-status";

/// Plain text. Every client must be able to receive it.
pub const PLAIN_TEXT: &str = "text/plain;charset=utf-8";

/// GitHub Flavored Markdown without autolinks and HTML. Every client must be able to receive it,
/// and may show it as plain text.
pub const GFM_MIMI: &str = "text/markdown;variant=GFM-MIMI";

/// CommonMark. Recommended.
pub const COMMON_MARK: &str = "text/markdown;variant=CommonMark";

/// HTML. Recommended.
pub const HTML: &str = "text/html";

/// Recommended.
pub const JPEG: &str = "image/jpeg";

/// Recommended.
pub const PNG: &str = "image/png";

/// What every client must be able to receive.
pub const REQUIRED: [&str; 3] = [MIMI_CONTENT, PLAIN_TEXT, GFM_MIMI];

/// What the draft recommends on top.
pub const RECOMMENDED: [&str; 4] = [COMMON_MARK, HTML, JPEG, PNG];
