//! The limit of this socket stack: a client that answers each text with a
//! canned one. Same libraries, same settings, nothing else.

use futures_util::{SinkExt as _, StreamExt as _};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

/// Answers until the far end closes. The text is `length` bytes long.
pub async fn answer(url: &str, length: usize) -> anyhow::Result<()> {
    let canned = format!("[3,\"{}\"]", "x".repeat(length.saturating_sub(6)));
    let mut request = url.into_client_request()?;
    request
        .headers_mut()
        .insert("sec-websocket-protocol", "ocpp1.6".parse()?);
    let host = request.uri().authority().map_or("", |it| it.as_str());
    let stream = tokio::net::TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() {
            socket.send(Message::text(canned.clone())).await?;
        }
    }
    Ok(())
}
