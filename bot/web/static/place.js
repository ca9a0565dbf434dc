/** Asks the browser where the visitor is. */

const PATIENCE = 15_000;

/** `{lat, lon}` in degrees; rejects with the key of the text that says what to do instead. */
export function whereAmI() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) reject(new Error("place_unavailable"));
    else
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude }),
        (error) => reject(new Error(error.code === error.PERMISSION_DENIED ? "place_denied" : "place_unavailable")),
        { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 60_000 },
      );
  });
}
